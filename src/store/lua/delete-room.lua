-- Deletes a room for its owner, or for the administrator, who need not prove anything here.
local name, is_administrator, owner = ARGV[3], ARGV[4] == '1', ARGV[5]

if is_fenced() then return 'fenced' end
local id = find(name)
if not id then return 'room_not_found' end
if not is_administrator and (owner == '' or field(id, 'owner') ~= owner) then return 'unauthorized' end
local room = describe(id)
announce(id, 'deleted', caller.node)
dismiss(id)
bury(id)
delete(id)
return room
