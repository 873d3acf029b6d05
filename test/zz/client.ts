import { connect } from 'node:http2'
import { loadEnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'
const d = loadEnvoyDefinitions()
const port = process.argv[2]
const s = connect('http://127.0.0.1:'+port, {settings:{initialWindowSize: 1<<28}})
s.setLocalWindowSize?.(1<<28)
const r = s.request({':method':'POST',':path':'/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources','content-type':'application/grpc','te':'trailers'})
const T = d.type('envoy.service.discovery.v3.DeltaDiscoveryResponse')
const send=(j:any)=>{const b=d.encode('envoy.service.discovery.v3.DeltaDiscoveryRequest',j);const h=Buffer.alloc(5);h.writeUInt32BE(b.length,1);r.write(Buffer.concat([h,b]))}
const U='type.googleapis.com/envoy.config.'
send({node:{id:'c',cluster:'edge'},type_url:U+'cluster.v3.Cluster'})
send({type_url:U+'endpoint.v3.ClusterLoadAssignment',resource_names_subscribe:['user']})
let buf=Buffer.alloc(0), first=0
r.on('data',(c:Buffer)=>{ if(!first) first=performance.timeOrigin+performance.now(); buf=Buffer.concat([buf,c]); while(buf.length>=5&&buf.length>=5+buf.readUInt32BE(1)){const n=buf.readUInt32BE(1);const m=buf.subarray(5,5+n);const at=performance.timeOrigin+performance.now();const o:any=T.decode(m);send({type_url:o.type_url,response_nonce:o.nonce});process.send!({type:o.type_url,first,at,n});buf=buf.subarray(5+n);first=0}})
process.on('disconnect',()=>process.exit())
