local rooms = {}

for _, id in ipairs(redis.call('SMEMBERS', 'salon:rooms')) do
  if not clear_if_over(id) then table.insert(rooms, describe(id)) end
end
return rooms
