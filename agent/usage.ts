export const usage = `Usage: heddle-agent [run] <config.yaml>
       heddle-agent --check <config.yaml>
       heddle-agent enroll <https://plane:8888> --token-file <file>
       heddle-agent status <config.yaml> [--json]
       heddle-agent probe <address> [--service <name>] [--timeout 2s] [--json]
       heddle-agent drain|undrain <config.yaml> --service <name> [--wait]
       heddle-agent upgrade <config.yaml> <signed.json> <file> [--dry-run]

Checks the services of this node and tells the control plane what it finds.

  --check     validate the configuration, print every problem, run nothing
  enroll      get this host a certificate by a token, once, and name the plane in the configuration (enroll --help says more)
  status      ask the agent that runs by this configuration with which plane it is, and how its instances are
  probe       ask one server as a check does and show what is made of its answer (probe --help says more);
              exit code 0 passing, 1 warning, 2 critical or unreachable, 3 no verdict or a wrong command line
  drain       take a service of this host out of routing before its unit stops; undrain: back when it is well (drain --help
              says more)
  upgrade     say whether a signed release may be installed in the place of this agent (upgrade --help says more)
  --version   print the version
  --help      print this

SIGHUP reads the configuration again, SIGTERM ends the agent; its instances stay as they are.
`
