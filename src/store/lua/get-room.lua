-- A room, to anybody, or to its owner alone, if the hash of a token is given.
local id, owner = find(ARGV[3]), ARGV[4]

if not id then return 'room_not_found' end
if owner and (owner == '' or field(id, 'owner') ~= owner) then return 'unauthorized' end
return describe(id)
