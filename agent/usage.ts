export const usage = `Usage: heddle-agent [run] <config.yaml>
       heddle-agent --check <config.yaml>

Checks the services of this node and tells the control plane what it finds.

  --check     validate the configuration, print every problem, run nothing
  --version   print the version
  --help      print this

SIGHUP reads the configuration again, SIGTERM ends the agent; its instances stay as they are.
`
