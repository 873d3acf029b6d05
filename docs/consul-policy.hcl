# What the token of a datacenter must permit, for the owner "heddle" (the setting mirror.owner).
# Another owner: put its name in place of the second "heddle" of each line below.

# Our nodes. No other node can be written to.
node_prefix "heddle-heddle-" {
  policy = "write"
}

# To see who else has registered an endpoint, and at which address.
node_prefix "" {
  policy = "read"
}

# The services that are mirrored. Narrow it to their names where these are known:
# service "basic-server" { policy = "write" }
# and then, so that records of others are still seen: service_prefix "" { policy = "read" }
service_prefix "" {
  policy = "write"
}

# The fence and the freshness of the mirror, and the copy of what was revoked.
key_prefix "heddle/heddle/" {
  policy = "write"
}
