import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { pino } from 'pino'
import { startRouting } from '#control-plane/routing/start.ts'
import { RoutingFleet } from '#test/support/routing-fleet.ts'
const N = Number(process.argv[2]), mode = process.argv[3]
const w = new RoutingFleet()
for (let i=0;i<N;i++) w.add('user', 8080, {id:'basic-server-'+i.toString(16).padStart(8,'0'), address:`10.${i>>16}.${(i>>8)&255}.${i&255}`})
w.fleet.markComplete()
writeFileSync('/tmp/try/m.yaml','gateways: {edge: {proxy: envoy, listeners: [{port: 8080}]}}\nroutes: [{prefix: /u, service: user, path: keep}]\n')
const r = await startRouting({declaration:'/tmp/try/m.yaml',compare_files_every:60000,gather:20,compare_every:60000,xds:{address:'127.0.0.1',port:0,insecure:false}},{fleet:w.fleet,log:pino({level:'silent'}),signal:new AbortController().signal})
const c = fork('test/zz/client.ts',[String(r.port)])
const msgs:any[]=[]; c.on('message',m=>msgs.push(m))
while(msgs.length<2) await once(c,'message')
await new Promise(r=>setTimeout(r,300))
const ids=[...w.fleet.instances.keys()]
const sync:number[]=[],toFirst:number[]=[],toLast:number[]=[]
for (let k=0;k<200;k++){
  const id=ids[(k*37)%N]!
  const have=msgs.length
  const t0=performance.timeOrigin+performance.now()
  w.fleet.publishRemoval(id,{code:'refused'})
  const t1=performance.timeOrigin+performance.now()
  while(msgs.length===have) await once(c,'message')
  const m=msgs.at(-1)
  sync.push(t1-t0); toFirst.push(m.first-t0); toLast.push(m.at-t0)
  const h2=msgs.length
  w.fleet.lift(id)
  while(msgs.length===h2) await once(c,'message')
  await new Promise(r=>setTimeout(r,60))
}
const p=(a:number[],q:number)=>a.sort((x,y)=>x-y)[Math.floor(a.length*q)]!.toFixed(2)
for (const [n,a] of [['sync call',sync],['first byte at client',toFirst],['whole frame at client',toLast]] as const) console.log(N,n,'P50',p(a,.5),'P95',p(a,.95),'max',p(a,.999), 'bytes',msgs.at(-1).n)
c.disconnect(); await r[Symbol.asyncDispose](); process.exit()
