-- Adds a message to a room's history, which keeps the last max_messages. The caller is told of it too: so all nodes hear
-- the same in the same order.
local _, _, name, message, max_messages, ttl_s = unpack(ARGV)

if is_fenced() then return 'fenced' end
local id = find(name)
if not id then return 'room_not_found' end
-- A second run adds nothing.
if redis.call('LPOS', chat_key(id), message, 'RANK', -1) then return {} end
redis.call('RPUSH', chat_key(id), message)
redis.call('LTRIM', chat_key(id), -max_messages, -1)
if field(id, 'lifetime') ~= 'permanent' then redis.call('EXPIRE', chat_key(id), ttl_s) end
announce(id, 'chat', nil, { message = message })
return {}
