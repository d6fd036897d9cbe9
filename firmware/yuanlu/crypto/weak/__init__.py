"""What some acquirers still demand: MACs by 3DES or SM4 under session keys. Weak or national, and optional: nothing that stays in
memory imports this folder (docs/wire.md section 5)."""
