-- Adds a member to a room; creates an ephemeral room, when that is allowed and there is none.
local name, new_id, may_create, max_members, created_at = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4], ARGV[5]
local member, member_name, node = ARGV[6], ARGV[7], ARGV[8]
local id = find(name)

if id and redis.call('HEXISTS', members_key(id), member) == 1 then return describe(id) end
if not id then
  if not may_create then return 'room_not_found' end
  id = new_id
  create(id, name, 'ephemeral', max_members, created_at, '')
end
if redis.call('HGET', room_key(id), 'locked') == '1' then return 'room_locked' end
if redis.call('ZCARD', order_key(id)) >= tonumber(redis.call('HGET', room_key(id), 'max_members')) then
  return 'room_full'
end

-- A counter, not the clock: two who join in one microsecond still have an order.
redis.call('ZADD', order_key(id), redis.call('HINCRBY', room_key(id), 'n_joins', 1), member)
redis.call('HSET', members_key(id), member, cjson.encode({ name = member_name, node = node }))
redis.call('SADD', node_key(node), id .. ' ' .. member)
return describe(id)
