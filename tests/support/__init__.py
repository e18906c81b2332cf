"""What the tests need to set up and judge a real network: hosts, peers, receivers, recognisable sound."""
