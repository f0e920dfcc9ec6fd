package nn

// ForgetRegistered undoes every Register.
func ForgetRegistered() {
	registered.Lock()
	defer registered.Unlock()
	registered.values = map[string]map[string]any{}
}
