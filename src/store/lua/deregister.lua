-- Gives the node's place back.
if is_fenced() then return 'fenced' end
clear_node(caller.node)
redis.call('DEL', node_key(caller.node), lease_key(caller.node))
redis.call('SREM', 'salon:nodes', caller.node)
return {}
