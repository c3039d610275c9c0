print("dermsegd")
