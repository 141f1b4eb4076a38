local id = ARGV[3]

if find(id) ~= id then return 'room_not_found' end
return state(id)
