"""Private and master keys at rest: in encrypted files, or in a cryptographic module (密码机) behind a socket."""
