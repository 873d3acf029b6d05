/** What nginx says is wrong, and where, if it says where. */
export type Complaint = { readonly message: string; readonly file?: string; readonly line?: number }

/** The first grave line of what `nginx -t`, or an error log, says; undefined if there is none. */
export function readComplaint(text: string): Complaint | undefined {
  for (const line of text.split('\n')) {
    const grave = /\[(?:emerg|alert|crit)\] (?:\d+#\d+: )?(.*)$/.exec(line)
    const message = grave?.[1]?.trim()
    // A failing alert about its own log file does not keep nginx from anything.
    if (message === undefined || message.startsWith('could not open error log file')) continue
    const place = / in (\/.+):(\d+)$/.exec(message)
    if (!place) return { message }
    return { message: message.slice(0, place.index), file: place[1] ?? '', line: Number(place[2]) }
  }
  return undefined
}

/** `unknown directive "x" in heddle-edge-listeners.conf:3` */
export function complaintText({ message, file, line }: Complaint): string {
  return file === undefined ? message : `${message} in ${file}:${line}`
}
