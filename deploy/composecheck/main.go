// Composecheck loads one compose file the way `docker compose` does (schema, interpolation, references between
// services) and prints the resolved project as JSON. It exits 1 with the reason when the file would be refused.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: composecheck FILE")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "composecheck: %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// check resolves variables from the process environment only, so that a developer's .env cannot hide a mistake.
// Every profile counts: a service that is off by default must be valid too.
func check(file string, out io.Writer) error {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithOsEnv, cli.WithProfiles([]string{"*"}))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	resolved, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, string(resolved))
	return err
}
