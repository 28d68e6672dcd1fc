module piggy/bench/backend

go 1.26
