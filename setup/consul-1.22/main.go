// Consul as its own command line has it, built from the Go modules of its release.
package main

import (
	"os"

	"github.com/hashicorp/consul/command"
	"github.com/hashicorp/consul/command/cli"
	"github.com/hashicorp/consul/command/version"
	mcli "github.com/mitchellh/cli"
)

func main() {
	ui := &cli.BasicUI{BasicUi: mcli.BasicUi{Writer: os.Stdout, ErrorWriter: os.Stderr}}
	program := &mcli.CLI{Args: os.Args[1:], Commands: command.RegisteredCommands(ui), Name: "consul"}
	if program.IsVersion() {
		os.Exit(version.New(ui).Run(nil))
	}
	code, err := program.Run()
	if err != nil {
		ui.Error(err.Error())
		os.Exit(1)
	}
	os.Exit(code)
}
