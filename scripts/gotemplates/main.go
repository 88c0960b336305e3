// What text/template with sprig's functions prints. Each line of the standard input is
// {"template", "strict"} in JSON, each line of the output {"printed"} or {"refused": true}. The data
// of all templates is the file that the first argument names.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

type question struct {
	Template string `json:"template"`
	Strict   bool   `json:"strict"`
}

func answer(asked question, data any) (printed string, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	own := template.New("").Funcs(sprig.GenericFuncMap())
	if asked.Strict {
		own = own.Option("missingkey=error")
	}
	if own, err = own.Parse(asked.Template); err != nil {
		return "", err
	}
	var buffer bytes.Buffer
	err = own.Execute(&buffer, data)
	return buffer.String(), err
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	for lines.Scan() {
		var asked question
		var data any
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := json.Unmarshal(text, &data); err != nil {
			panic(err)
		}
		printed, err := answer(asked, data)
		if err != nil {
			_ = output.Encode(map[string]any{"refused": true})
		} else {
			_ = output.Encode(map[string]any{"printed": printed})
		}
	}
}
