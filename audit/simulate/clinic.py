class Clinic: pass
def simulate_clinic(): pass
