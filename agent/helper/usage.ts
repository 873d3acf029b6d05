export const usage = `Usage: heddle-helper [run] <helper.yaml>
       heddle-helper --check <helper.yaml>

Restarts, reloads and measures for the agent what the list allows, and nothing else. systemd starts it when the agent asks
(heddle-helper.socket); it ends by itself when nobody does.

  --check     validate the list, print every problem, run nothing
  --version   print the version
  --help      print this
`
