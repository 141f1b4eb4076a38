-- Removes every member a node left behind, and returns how many.
local key = node_key(ARGV[1])
local entries = redis.call('SMEMBERS', key)

for _, entry in ipairs(entries) do
  local id, member = entry:match('^(%S+) (%S+)$')
  if id then remove(id, member) end
end
redis.call('DEL', key)
return #entries
