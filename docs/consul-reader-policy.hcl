# What the token of a datacenter must permit that is only read: what others have registered there, in mode "observe" or with nothing to mirror.
# Nothing can be written with it. Narrow the services to those that are wanted: service "zervi-auth" { policy = "read" }

# At which address a service is that has none of its own.
node_prefix "" {
  policy = "read"
}

service_prefix "" {
  policy = "read"
}
