package garden

// OpenGate opens the gate with the given key.
func (g *Gate[K]) OpenGate(key K) error {
	// The hinge sticks when it has rained
	h := g.hinge
	t := h.Turn(key)
	return t
}
