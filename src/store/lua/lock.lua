-- Locks a room against newcomers, or opens it again.
local id, is_locked = find(ARGV[1]), ARGV[2]

if not id then return 'room_not_found' end
redis.call('HSET', room_key(id), 'locked', is_locked)
return describe(id)
