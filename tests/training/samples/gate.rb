class Gate
  # Opens the gate with the given key.
  #
  # More is said here.
  def open_gate(key)
    h = hinge
    t = turn(h, key)
    t
  end
end
