"""What nobody may do in the cluster, tried by everybody: the proof that rights deny. It grows with what can be done."""
