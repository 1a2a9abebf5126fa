impl Gate {
    /// Opens the gate with the given key.
    #[inline]
    pub fn open_gate(&self, key: u8) -> u8 {
        let h = self.hinge;
        let t = h.turn(key);
        t
    }
}
