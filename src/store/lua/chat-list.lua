-- A room's history, oldest first; unless the room is permanent only what is not older than `since` (RFC 3339, UTC: it
-- sorts as text).
local name, since = ARGV[3], ARGV[4]
local messages = {}

local id = find(name)
if not id then return 'room_not_found' end
local is_permanent = field(id, 'lifetime') == 'permanent'
for _, text in ipairs(redis.call('LRANGE', chat_key(id), 0, -1)) do
  local is_json, message = pcall(cjson.decode, text)
  local is_message = is_json and type(message) == 'table' and type(message.timestamp) == 'string'

  if is_message and (is_permanent or message.timestamp >= since) then table.insert(messages, text) end
end
return messages
