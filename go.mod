module baregrad

go 1.26
