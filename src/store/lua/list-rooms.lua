local rooms = {}

for i, id in ipairs(redis.call('SMEMBERS', 'salon:rooms')) do rooms[i] = describe(id) end
return rooms
