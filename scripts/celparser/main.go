// Parses CEL as the API server of a minor does: expressions as JSON strings, one a line, to their
// trees or errors as JSON, one a line. `go build -o celparser && celparser 37 <expressions`.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
)

type list = []any

type printer struct{ info *ast.SourceInfo }

func (p printer) tree(e ast.Expr) any {
	if e.Kind() == ast.UnspecifiedExprKind {
		return nil
	}
	place, _ := p.info.GetOffsetRange(e.ID())
	return append(list{place.Start}, p.node(e)...)
}

func (p printer) trees(expressions []ast.Expr) list {
	out := list{}
	for _, e := range expressions {
		out = append(out, p.tree(e))
	}
	return out
}

func (p printer) node(e ast.Expr) list {
	switch e.Kind() {
	case ast.LiteralKind:
		return literal(e)
	case ast.IdentKind:
		return list{"ident", e.AsIdent()}
	case ast.SelectKind:
		s := e.AsSelect()
		return list{"select", p.tree(s.Operand()), s.FieldName(), s.IsTestOnly()}
	case ast.CallKind:
		c := e.AsCall()
		var target any
		if c.IsMemberFunction() {
			target = p.tree(c.Target())
		}
		return list{"call", c.FunctionName(), target, p.trees(c.Args())}
	case ast.ListKind:
		optional := list{}
		for _, at := range e.AsList().OptionalIndices() {
			optional = append(optional, at)
		}
		return list{"list", p.trees(e.AsList().Elements()), optional}
	case ast.MapKind:
		entries := list{}
		for _, item := range e.AsMap().Entries() {
			entry := item.AsMapEntry()
			entries = append(entries, list{p.tree(entry.Key()), p.tree(entry.Value()), entry.IsOptional()})
		}
		return list{"map", entries}
	case ast.StructKind:
		fields := list{}
		for _, item := range e.AsStruct().Fields() {
			field := item.AsStructField()
			fields = append(fields, list{field.Name(), p.tree(field.Value()), field.IsOptional()})
		}
		return list{"message", e.AsStruct().TypeName(), fields}
	}
	c := e.AsComprehension()
	return list{"fold", c.IterVar(), c.IterVar2(), c.AccuVar(), p.tree(c.IterRange()),
		p.tree(c.AccuInit()), p.tree(c.LoopCondition()), p.tree(c.LoopStep()), p.tree(c.Result())}
}

func literal(e ast.Expr) list {
	switch value := e.AsLiteral().(type) {
	case types.Bool:
		return list{"bool", bool(value)}
	case types.Int:
		return list{"int", strconv.FormatInt(int64(value), 10)}
	case types.Uint:
		return list{"uint", strconv.FormatUint(uint64(value), 10)}
	case types.Double:
		return list{"double", strconv.FormatFloat(float64(value), 'x', -1, 64)}
	case types.String:
		return list{"string", string(value)}
	case types.Bytes:
		return list{"bytes", hex.EncodeToString(value)}
	}
	return list{"null"}
}

func answer(env *environment.EnvSet, expression string) map[string]any {
	parsing, err := env.Env(environment.NewExpressions)
	if err != nil {
		panic(err)
	}
	parsed, issues := parsing.Parse(expression)
	if issues != nil && issues.Err() != nil {
		return map[string]any{"expression": expression, "error": issues.String()}
	}
	tree := parsed.NativeRep()
	return map[string]any{"expression": expression, "tree": printer{tree.SourceInfo()}.tree(tree.Expr())}
}

func main() {
	minor, err := strconv.ParseUint(os.Args[1], 10, 0)
	if err != nil {
		panic(err)
	}
	env := environment.MustBaseEnvSet(version.MajorMinor(1, uint(minor)))
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for in.Scan() {
		var expression string
		if err := json.Unmarshal(in.Bytes(), &expression); err != nil {
			panic(err)
		}
		if err := out.Encode(answer(env, expression)); err != nil {
			panic(err)
		}
	}
}
