package migrate_test

import (
	"fmt"

	"github.com/callagain/retry/retryvet/migrate"
)

// What would become of the programs of a module. Nothing is written.
func ExampleRun() {
	show := func(dir string) error {
		result, err := migrate.Run(dir, "./...")
		if err != nil {
			return err
		}
		for _, item := range result.Items {
			var item migrate.Item = item
			if item.Kind == migrate.Left {
				fmt.Println(item)
			}
		}
		for _, file := range result.Files {
			var file migrate.File = file
			fmt.Printf("%s: %d bytes become %d\n", file.Name, len(file.Old), len(file.New))
		}
		return nil
	}
	_ = show
	var kind migrate.Kind = migrate.Explained
	fmt.Println(kind)
	// Output: explained
}
