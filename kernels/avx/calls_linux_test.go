package avx

import (
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"unsafe"
)

// countCalls puts a counter before every kernel in the table of an instruction set until the test
// ends, and returns the counters by the kernels' paths in the table.
func countCalls(t *testing.T, name string) map[string]*atomic.Int64 {
	counters := map[string]*atomic.Int64{}
	set := instructionSets[slices.IndexFunc(instructionSets, func(s *instructionSet) bool { return s.name == name })]
	before := *set
	t.Cleanup(func() { *set = before })
	var visit func(name string, v reflect.Value)
	visit = func(name string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				f := v.Field(i) // not exported: accessed by its address
				visit(name+"."+v.Type().Field(i).Name, reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem())
			}
		case reflect.Slice:
			own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(own, v)
			v.Set(own)
			for i := range v.Len() {
				visit(fmt.Sprintf("%s[%d]", name, i), v.Index(i))
			}
		case reflect.Pointer:
			if v.IsNil() {
				return
			}
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			v.Set(own)
			visit(name, own.Elem())
		case reflect.Func:
			if v.IsNil() {
				return
			}
			counter, kernel := new(atomic.Int64), reflect.ValueOf(v.Interface())
			counters[name] = counter
			v.Set(reflect.MakeFunc(v.Type(), func(arguments []reflect.Value) []reflect.Value {
				counter.Add(1)
				return kernel.Call(arguments)
			}))
		}
	}
	visit(name, reflect.ValueOf(set).Elem())
	return counters
}
