--- Opens the gate with the given key.
-- @param key what opens it
function M.open_gate(key)
  local h = hinge
  local t = turn(h, key)
  return t
end
