print("dermseg-trainer")
