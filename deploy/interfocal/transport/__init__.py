"""How what runs here proves who it is and is believed: certificates, passwords, clients that sign in."""
