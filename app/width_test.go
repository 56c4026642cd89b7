package app

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The width of the house: methods of one type, those of its embedded types included, and Go files in one folder, tests
// apart. A wider one is two things.
const (
	mostMethods = 40
	mostFiles   = 40
)

// shape is what one type has: its own methods, and the types that it embeds.
type shape struct {
	methods  int
	embedded []string
}

// houseShapes reads all types and the number of Go files in each folder below root, tests and other modules apart.
func houseShapes(t *testing.T, root string) (types map[string]*shape, files map[string]int) {
	t.Helper()
	types, files = map[string]*shape{}, map[string]int{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{"node_modules", "testdata", "bench", "lint", ".git", ".race"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		folder := path.Join("mstm", filepath.ToSlash(rel))
		files[folder]++
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err == nil {
			addShapes(types, folder, f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return types, files
}

// addShapes adds the methods and the embedded types that a file of a package has.
func addShapes(types map[string]*shape, folder string, f *ast.File) {
	of := func(name string) *shape {
		key := folder + "." + name
		if types[key] == nil {
			types[key] = &shape{}
		}
		return types[key]
	}
	imports := map[string]string{}
	for _, i := range f.Imports {
		p := strings.Trim(i.Path.Value, `"`)
		name := path.Base(p)
		if i.Name != nil {
			name = i.Name.Name
		}
		imports[name] = p
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil {
				of(strings.TrimPrefix(typeName(d.Recv.List[0].Type, "", nil), ".")).methods++
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if ts, ok := spec.(*ast.TypeSpec); ok {
					addMembers(of(ts.Name.Name), ts.Type, folder, imports)
				}
			}
		}
	}
}

// addMembers adds what a type embeds, and the methods of an interface.
func addMembers(s *shape, t ast.Expr, folder string, imports map[string]string) {
	var fields *ast.FieldList
	switch t := t.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
	default:
		return
	}
	for _, f := range fields.List {
		if len(f.Names) == 0 {
			s.embedded = append(s.embedded, typeName(f.Type, folder, imports))
		} else if _, isInterface := t.(*ast.InterfaceType); isInterface {
			s.methods += len(f.Names)
		}
	}
}

// typeName is the full name of a type as it stands in a receiver or an embedding.
func typeName(e ast.Expr, folder string, imports map[string]string) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X, folder, imports)
	case *ast.IndexExpr:
		return typeName(e.X, folder, imports)
	case *ast.IndexListExpr:
		return typeName(e.X, folder, imports)
	case *ast.SelectorExpr:
		if pkg, ok := e.X.(*ast.Ident); ok {
			return imports[pkg.Name] + "." + e.Sel.Name
		}
	case *ast.Ident:
		return folder + "." + e.Name
	}
	return ""
}

// width is how many methods a type has with those of the types that it embeds.
func width(types map[string]*shape, name string, above ...string) int {
	s := types[name]
	if s == nil || slices.Contains(above, name) {
		return 0 // of another module
	}
	n := s.methods
	for _, e := range s.embedded {
		n += width(types, e, append(above, name)...)
	}
	return n
}

func TestWidth_TypesAndFolders_AreWithinTheBounds(t *testing.T) {
	types, files := houseShapes(t, "..")
	if len(types) < 500 || len(files) < 20 {
		t.Fatalf("%d types in %d folders", len(types), len(files))
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		if n := width(types, name); n > mostMethods {
			t.Errorf("%s has %d methods, more than %d", name, n, mostMethods)
		}
	}
	for folder, n := range files {
		if n > mostFiles {
			t.Errorf("%s has %d Go files without its tests, more than %d", folder, n, mostFiles)
		}
	}
}

// TestWidth_EmbeddedMethods_CountToo plants a type that hides its methods in two it embeds.
func TestWidth_EmbeddedMethods_CountToo(t *testing.T) {
	src := `package p
import "mstm/q"
type A struct { B; *q.C[int]; Other q.D }
type B struct{}
func (B) One() {}
func (a *A) Two() {}
`
	other := `package q
type C[T any] struct{}
func (c *C[T]) Three() {}
type D interface { Four(); Five() }
`
	types := map[string]*shape{}
	for folder, text := range map[string]string{"mstm/p": src, "mstm/q": other} {
		f, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
		if err != nil {
			t.Fatal(err)
		}
		addShapes(types, folder, f)
	}
	for name, want := range map[string]int{"mstm/p.A": 3, "mstm/p.B": 1, "mstm/q.C": 1, "mstm/q.D": 2} {
		if got := width(types, name); got != want {
			t.Errorf("%s: %d methods, want %d", name, got, want)
		}
	}
}
