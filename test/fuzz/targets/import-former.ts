import fc from 'fast-check'
import { stringify } from 'yaml'
import { merge } from '#cli/import/merge.ts'
import { readFormer } from '#cli/import/read-former.ts'
import { render } from '#cli/import/render.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { mutatedText } from '../inputs/mutated.ts'
import { targetOf } from '../play/target.ts'

const former = {
  cluster: {
    name: 'zervigo',
    manager: 'http://10.0.0.1:8888',
    heartbeat_interval: '30s',
    load_balancing: 'round_robin',
  },
  nodes: [
    {
      id: 'n1',
      name: '节点一',
      address: '10.0.0.1',
      site: 'tencent',
      services: [{ name: 'crm', port: 8080, weight: 50 }],
    },
    {
      id: 'n2',
      host: '10.0.0.2:9090',
      services: { basic: { port: '8081', health_check: { path: '/health', interval: 10 } } },
    },
  ],
}
const csv = 'name,address,port,site,weight\n"crm, one",10.0.0.1,8080,tencent,50\nbasic;x\t10.0.0.2,8081\n'

/** Former cluster files and inventories, in YAML, JSON and CSV. */
export const target = targetOf({
  arbitrary: fc.tuple(
    fc.constantFrom('a.yaml', 'a.json', 'a.csv', 'a.tsv'),
    fc.oneof(
      hostileJson([former]),
      mutatedText([stringify(former), JSON.stringify(former), csv], [',', '"', '&a ', '*a', '\t']),
    ),
  ),
  run: ([file, text]) => {
    const reading = readFormer(text, file)
    if (reading.problems.length > 0) return 'refused'
    const { merged, contradictions } = merge(reading.statements, [])
    render(merged)
    return contradictions.length > 0 ? 'refused' : 'taken'
  },
})
