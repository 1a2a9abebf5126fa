module Gate where

-- | Opens the gate with the given key.
openGate :: Key -> Gate
openGate Nothing = shut
openGate (Just key) =
  turn hinge key
