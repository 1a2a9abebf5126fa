<?php
class Gate {
  /**
   * Opens the gate with the given key.
   *
   * @return int */
  public function openGate($key)
  {
    $h = $this->hinge;
    $t = turn($h, $key);
    return $t;
  }
}
