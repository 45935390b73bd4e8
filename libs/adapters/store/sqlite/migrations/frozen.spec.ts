import { frozenMigrations } from '@fairlead/ports/contracts/store';
import { migrations } from './list.ts';

frozenMigrations(migrations, [
  '5fec369bffc38f8132810f464807ac08652ec93cbe789e716be8dd42bebfca56',
  'b4256c9d465282fe236f7377d22ee948bc03bb4b1ff9bed23503894b9a144054',
  '9cb836a5504f014f3c7b53233c6f0682007192a3711b22afbc0d43ee38d99666',
  '690468cc5b220e1b264385cfc1e87b7b14e6f0899c26bb61f42a6072a69ca39d',
]);
