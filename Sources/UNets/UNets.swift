// UNets
