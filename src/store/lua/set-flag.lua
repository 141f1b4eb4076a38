-- Locks a room against newcomers, gives it a waiting room, or the reverse of either.
local _, _, name, host, flag, value = unpack(ARGV)
local id, refusal = find_for_host(name, host)

if not id then return refusal end
redis.call('HSET', room_key(id), flag, value)
if flag == 'waiting_room' and value ~= '1' then
  for _, who in ipairs(redis.call('ZRANGE', queue_key(id), 0, -1)) do admit(id, who) end
end
announce(id, 'changed', caller.node)
return describe(id)
