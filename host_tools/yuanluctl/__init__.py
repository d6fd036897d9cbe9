"""yuanluctl: the command line tool for yuanlu terminals."""
