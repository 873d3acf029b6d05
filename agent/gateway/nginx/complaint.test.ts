import t from 'tap'
import { complaintText, readComplaint } from './complaint.ts'

for (const { name, text, complaint } of [
  {
    name: 'the file and line that nginx names',
    text: 'nginx: [warn] conflicting server name\nnginx: [emerg] unknown directive "x" in /s/f/heddle-a.conf:12\nnginx: configuration file /s/n.conf test failed\n',
    complaint: { message: 'unknown directive "x"', file: '/s/f/heddle-a.conf', line: 12 },
  },
  {
    name: 'a fault without a place',
    text: 'nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)',
    complaint: { message: 'bind() to 0.0.0.0:80 failed (13: Permission denied)' },
  },
  {
    name: 'a line of an error log',
    text: '2026/11/21 06:20:00 [emerg] 12#12: bind() to 127.0.0.1:80 failed (98: Address already in use)',
    complaint: { message: 'bind() to 127.0.0.1:80 failed (98: Address already in use)' },
  },
  { name: 'nothing in warnings', text: 'nginx: [warn] could not build optimal variables_hash', complaint: undefined },
  {
    name: 'nothing in a log that cannot be opened',
    text: 'nginx: [alert] could not open error log file: open() "/var/log/nginx/error.log" failed (13: Permission denied)',
    complaint: undefined,
  },
  {
    name: 'a file with a blank and " in " in its name',
    text: 'nginx: [emerg] invalid port in upstream "a in b:x" in /s/a in b.conf:3',
    complaint: { message: 'invalid port in upstream "a in b:x"', file: '/s/a in b.conf', line: 3 },
  },
]) {
  t.test(`it reads ${name}`, async (t) => t.strictSame(readComplaint(text), complaint))
}

t.test('a complaint is told as a sentence with its place', async (t) => {
  t.equal(complaintText({ message: 'm', file: 'f', line: 2 }), 'm in f:2')
  t.equal(complaintText({ message: 'm' }), 'm')
})
