-- Gives the caller the node's place under a new epoch, whoever had it, and takes out the members it left behind.
-- Returns how many that were.
local _, _, epoch, lease_ms = unpack(ARGV)
local n_left = clear_node(caller.node)

redis.call('SET', node_key(caller.node), epoch)
redis.call('SET', lease_key(caller.node), epoch, 'PX', lease_ms)
redis.call('SADD', 'salon:nodes', caller.node)
return n_left
