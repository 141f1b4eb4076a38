-- Renews the caller's lease; one that was taken for dead gets a new epoch. Takes out the nodes whose leases have run
-- out, if may_reap. Returns the epoch, whether the heartbeat was in time, and the nodes that were taken out; without an
-- epoch, and for how many ms yet, when another process has the node's place.
local _, _, new_epoch, lease_ms, may_reap = unpack(ARGV)
local epoch = redis.call('GET', node_key(caller.node))
local left_ms = redis.call('PTTL', lease_key(caller.node))
local dead = {}

if epoch ~= caller.epoch and epoch ~= new_epoch then
  if left_ms > 0 then return { false, left_ms } end
  clear_node(caller.node)
  epoch = new_epoch
  redis.call('SET', node_key(caller.node), epoch)
end
redis.call('SET', lease_key(caller.node), epoch, 'PX', lease_ms)
redis.call('SADD', 'salon:nodes', caller.node)
redis.call('PUBLISH', events_channel(caller.node), '')

-- If our lease has half run out, Redis or all of us stood still: the others' heartbeats may be just behind this one.
local is_in_time = left_ms > lease_ms / 2
if may_reap == '1' and is_in_time then
  for _, node in ipairs(redis.call('SMEMBERS', 'salon:nodes')) do
    if redis.call('EXISTS', lease_key(node)) == 0 then
      table.insert(dead, node)
      clear_node(node)
      redis.call('DEL', node_key(node))
      redis.call('SREM', 'salon:nodes', node)
    end
  end
end
-- Rooms that are over, and that nobody asks for; some at a time.
for _, id in ipairs(redis.call('SRANDMEMBER', 'salon:rooms', 20)) do clear_if_over(id) end
return { epoch, is_in_time and 1 or 0, dead }
