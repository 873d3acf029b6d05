import type { Rate } from '../table.ts'

/** nginx counts thousandths of a request, by whole requests each second or minute. */
const perMinute = 60

/** What stands for a rate in nginx, and by how much it differs from what is asked, as a part of it. */
export function nearestRate({ requests, perMs }: Pick<Rate, 'requests' | 'perMs'>): {
  readonly text: string
  readonly off: number
} {
  const wanted = (requests * 1_000_000) / perMs
  const minutes = (wanted * perMinute) / 1000
  const near = [Math.floor(minutes), Math.ceil(minutes)].map((count) => ({ count: Math.max(1, count), unit: 'r/m' }))
  const candidates = [...near, { count: Math.max(1, Math.round(wanted / 1000)), unit: 'r/s' }].map(
    ({ count, unit }) => {
      const thousandths = unit === 'r/s' ? count * 1000 : Math.floor((count * 1000) / perMinute)
      return { text: `${count}${unit}`, off: Math.abs(thousandths - wanted) / wanted }
    },
  )
  return candidates.reduce((best, each) => (each.off < best.off ? each : best))
}

const mostOff = 0.05

/** Whether nginx can count it, to within 5%. */
export function isCountable(rate: Pick<Rate, 'requests' | 'perMs'>): boolean {
  return nearestRate(rate).off <= mostOff
}
