-- Deletes a room for its owner, or for the administrator, who need not prove anything here.
local name, is_administrator, owner = ARGV[1], ARGV[2] == '1', ARGV[3]
local id = find(name)

if not id then return 'room_not_found' end
-- A room made by joining has an empty owner: it is nobody's.
if not is_administrator and (owner == '' or redis.call('HGET', room_key(id), 'owner') ~= owner) then
  return 'unauthorized'
end
local room = describe(id)
delete(id)
return room
