print("dermseg")
