package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// Every exported name of the public packages has a comment that says what it is: types,
// functions, methods, constants, variables, and the fields of structs. These can share one:
// a comment above a run of fields or values without an empty line between them. If it begins
// with the name of the first, it is that one's, and that of those whose names go on from it:
// Add and AddGrad. A type's comment is that of the fields that it names. What kernels.Device
// asks of a device is said there.
func TestExportedNamesHaveComments(t *testing.T) {
	t.Chdir("../..")
	device := deviceMethods(t)
	seen := 0
	for _, root := range []string{"tensor", "kernels", "autograd", "nn", "mnist"} {
		err := fs.WalkDir(os.DirFS("."), root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return err
			}
			positions := token.NewFileSet()
			file, err := parser.ParseFile(positions, name, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			names := exportedNames{positions: positions, device: device, missing: func(at token.Pos, name string) {
				t.Errorf("%s: %s has no comment", positions.Position(at), name)
			}}
			for _, d := range file.Decls {
				names.declaration(d)
			}
			seen += names.seen
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 1000 {
		t.Errorf("%d exported names were found, want 1000 or more", seen)
	}
}

// exportedNames goes through the declarations of a file.
type exportedNames struct {
	positions *token.FileSet
	device    map[string]bool // the methods of kernels.Device
	missing   func(token.Pos, string)
	seen      int
}

func (e *exportedNames) check(at token.Pos, name, inside string, commented bool) {
	if !ast.IsExported(name) {
		return
	}
	e.seen++
	if inside != "" {
		name = inside + "." + name
	}
	if !commented {
		e.missing(at, name)
	}
}

func (e *exportedNames) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		receiver := ""
		if d.Recv != nil {
			if receiver = typeName(d.Recv.List[0].Type); !ast.IsExported(receiver) {
				return
			}
		}
		asked := receiver == "Device" && e.device[d.Name.Name]
		e.check(d.Pos(), d.Name.Name, receiver, d.Doc != nil || asked)
	case *ast.GenDecl:
		var runs runs
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				e.check(spec.Pos(), spec.Name.Name, "", d.Doc != nil || spec.Doc != nil || spec.Comment != nil)
				if ast.IsExported(spec.Name.Name) {
					e.members(spec, d.Doc.Text()+spec.Doc.Text())
				}
			case *ast.ValueSpec:
				commented := runs.commented(e.positions, spec, spec.Names, spec.Doc, spec.Comment)
				for _, name := range spec.Names {
					e.check(spec.Pos(), name.Name, "", d.Doc != nil || commented)
				}
			}
		}
	}
}

// members are a struct's fields or an interface's methods. One that is embedded has the
// comment of its type.
func (e *exportedNames) members(spec *ast.TypeSpec, comment string) {
	var list *ast.FieldList
	switch of := spec.Type.(type) {
	case *ast.StructType:
		list = of.Fields
	case *ast.InterfaceType:
		list = of.Methods
	default:
		return
	}
	var runs runs
	for _, field := range list.List {
		commented := runs.commented(e.positions, field, field.Names, field.Doc, field.Comment)
		for _, name := range field.Names {
			named := regexp.MustCompile(`\b` + name.Name + `\b`).MatchString(comment)
			e.check(name.Pos(), name.Name, spec.Name.Name, commented || named)
		}
	}
}

// runs are lines of one list, one after the other without an empty one between.
type runs struct {
	last   int    // line of the list
	headed bool   // by a comment
	first  string // the name that the comment begins with, if it is the first entry's
}

// commented tells whether the next entry of the list has a comment of its own, or one that
// heads its run.
func (r *runs) commented(positions *token.FileSet, entry ast.Node, names []*ast.Ident, above, behind *ast.CommentGroup) bool {
	begin := entry.Pos()
	if above != nil {
		begin = above.Pos()
	}
	if above != nil || positions.Position(begin).Line > r.last+1 {
		r.headed, r.first = above != nil, ""
		if word, _, _ := strings.Cut(above.Text(), " "); len(names) > 0 && strings.Trim(word, ",") == names[0].Name {
			r.first = names[0].Name
		}
	}
	r.last = positions.Position(entry.End()).Line
	mine := r.headed && (r.first == "" || len(names) > 0 && strings.HasPrefix(names[0].Name, r.first))
	return mine || behind != nil
}

// deviceMethods are the names of what kernels.Device asks of a device.
func deviceMethods(t *testing.T) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "kernels/device.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	methods := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.Name == "Device" {
			for _, method := range spec.Type.(*ast.InterfaceType).Methods.List {
				for _, name := range method.Names {
					methods[name.Name] = true
				}
			}
		}
		return true
	})
	return methods
}

// typeName is the name of a receiver's type.
func typeName(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.StarExpr:
		return typeName(of.X)
	case *ast.IndexExpr:
		return typeName(of.X)
	case *ast.IndexListExpr:
		return typeName(of.X)
	case *ast.Ident:
		return of.Name
	}
	return ""
}
