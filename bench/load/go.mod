module piggy/bench/load

go 1.26
